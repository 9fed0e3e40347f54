make record
