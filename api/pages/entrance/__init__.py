"""The way in and out: sign-up, links from mails, sign-in, password reset, sign-out. No page here needs a cookie."""
