"""GitHub: one repository through its REST API, and CML. Nothing else imports PyGithub."""
