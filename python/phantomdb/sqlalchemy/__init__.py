"""The dialect of SQLAlchemy 2.0 and 2.1 for PhantomDB.

``create_engine("phantomdb://host:8080/app")``, ``phantomdb+memory:///app``, ``phantomdb+file:///var/data/app``, and the
same URLs with ``create_async_engine``.
"""

from ._async import AsyncDialect
from ._dialect import Dialect

__all__ = ["AsyncDialect", "Dialect"]
