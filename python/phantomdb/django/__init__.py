"""The database back end for Django 5.2: ``"ENGINE": "phantomdb.django"``."""
