# The page and the HTTP API: docker build -t brushwork . && docker run --rm -p 127.0.0.1:7860:7860 brushwork
FROM python:3.13-slim

WORKDIR /brushwork
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN pip install --no-cache-dir ".[web]" && useradd --create-home brushwork

USER brushwork
WORKDIR /home/brushwork
EXPOSE 7860
# Listens on all addresses of the container; -p above decides who can reach it. Set BRUSHWORK_TOKEN to require a token.
ENTRYPOINT ["brushwork", "serve", "--host", "0.0.0.0"]
