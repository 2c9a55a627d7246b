# The operator's image: docker build --tag registry.example.com/ferrata/operator .
# The same content as tests/cluster/operator_image.py, whose image the tests run on a real node: the locked packages,
# operator/ferrata in /app, uid 65532, nothing to write on. This file itself is checked by reading alone
# (tests/unit/test_chart.py); no test builds it.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
COPY requirements.lock /
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --no-compile --require-hashes --requirement /requirements.lock
COPY operator/ferrata /app/ferrata
# Ahead, because a container with a read-only root cannot keep its bytecode.
RUN /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /venv/lib /app

FROM python:${PYTHON}-slim
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["/venv/bin/python", "-m", "ferrata"]
