verified-docs scan docs cassettes/gitlab-19.3  # some files and folders
verified-docs scan --staged                     # what the next commit would add or change
verified-docs scan --json                       # for a program
