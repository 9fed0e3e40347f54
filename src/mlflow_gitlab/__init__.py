"""What a team installs to use GitLab as its MLflow server: settings, set-up, doctor, replay server."""
