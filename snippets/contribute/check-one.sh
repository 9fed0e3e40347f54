make check EX=tracking/log_first_run
