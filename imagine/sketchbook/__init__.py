"""Make the small text-to-image checkpoint that ships with Chaski. Nothing else imports it. README.md is its card."""
