make bench
make compare
