make lock
make setup
