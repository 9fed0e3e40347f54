make scan
