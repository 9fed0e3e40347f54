make record EX=tracking/check_connection
