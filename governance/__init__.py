"""Personal-data governance for any SQLAlchemy and Strawberry application.

It knows columns, tags, data subjects and keys; it has never heard of a certificate.
"""
