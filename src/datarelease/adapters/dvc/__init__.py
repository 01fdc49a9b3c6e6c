"""DVC: what it tracks, its configuration, its stages. Nothing else imports DVC."""
