make update EX=project/read_project
