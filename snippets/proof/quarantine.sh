verified-docs quarantine add tracking/log_first_run --reason "what fails and why" --owner @team --until 2026-12-24
verified-docs quarantine list
verified-docs quarantine remove tracking/log_first_run
