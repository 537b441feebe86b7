import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def _one_blas_thread():
    """Many small problems: threads of the linear algebra would only wait for each other."""
    with threadpool_limits(1, user_api="blas"):
        yield
