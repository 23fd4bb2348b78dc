"""The settings of Django's own tests on PhantomDB, or on the back end of ``PHANTOMDB_SUITE_ENGINE``."""

import os

_engine = os.environ.get("PHANTOMDB_SUITE_ENGINE", "phantomdb.django")
if _engine == "phantomdb.django":
    _url = os.environ.get("PHANTOMDB_SUITE_URL", "phantomdb+memory://suite")
    DATABASES = {alias: {"ENGINE": _engine, "NAME": f"{_url}/{alias}"} for alias in ("default", "other")}
else:
    DATABASES = {alias: {"ENGINE": _engine} for alias in ("default", "other")}

TEST_RUNNER = "suite_runner.Runner"
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
