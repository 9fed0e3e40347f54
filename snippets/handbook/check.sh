make check EX=project/read_project
