"""A test runner of Django that writes the outcome of each test into the file of ``PHANTOMDB_SUITE_REPORT``."""

import json
import os
import traceback
import unittest

from django.test.runner import DiscoverRunner


class Outcomes(unittest.TextTestResult):
    """Keeps the outcome of each test by its name."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.outcomes = {}

    def _keep(self, test, outcome, detail=""):
        name = getattr(test, "test_case", test).id()
        # A test with a failed part has failed, whatever its other parts did.
        if self.outcomes.get(name, ("", ""))[0] != "failed":
            self.outcomes[name] = (outcome, detail)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._keep(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._keep(test, "failed", _why(err))

    def addError(self, test, err):
        super().addError(test, err)
        self._keep(test, "failed", _why(err))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._keep(test, "failed", _why(err))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._keep(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._keep(test, "skipped", "Django expects it to fail")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._keep(test, "failed", "it passed, which Django does not expect")


def _why(error):
    kind, value, _ = error
    lines = "".join(traceback.format_exception_only(kind, value)).strip().splitlines()
    return lines[0] if lines else kind.__name__


class Runner(DiscoverRunner):
    """Django's runner, with a report."""

    def get_resultclass(self):
        return Outcomes

    def run_suite(self, suite, **options):
        result = super().run_suite(suite, **options)
        with open(os.environ["PHANTOMDB_SUITE_REPORT"], "w", encoding="utf-8") as report:
            json.dump(result.outcomes, report)
        return result
