FROM python:3.13-slim
RUN useradd --create-home painter
COPY . /source
RUN pip install --no-cache-dir "/source[web]" && rm -rf /source
USER painter
WORKDIR /home/painter
EXPOSE 7860
# Inside a container every address is the container's own; BRUSHWORK_TOKEN says who may come in.
CMD ["brushwork", "serve", "--host", "0.0.0.0"]
