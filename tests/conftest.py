import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# Times say little where machines are shared. Another profile: pytest --hypothesis-profile=nightly.
settings.register_profile("everywhere", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=2000, derandomize=False)
settings.load_profile("everywhere")


@pytest.fixture(autouse=True, scope="session")
def _one_blas_thread():
    """Many small problems: threads of the linear algebra would only wait for each other."""
    with threadpool_limits(1, user_api="blas"):
        yield
