# go-redis as a container: a distroless base and one executable; no shell, no package manager.
#
#   docker build -t go-redis .
#   docker run -p 127.0.0.1:6379:6379 -v go-redis-data:/data go-redis --appendfsync always
#
# Arguments after the image's name are the server's own (`--maxclients 100`, or the path of a mounted redis.conf first).
# BUN_OPTIONS, BUN_INSPECT and BUN_BE_BUN change what any Bun executable does (the last makes it a plain `bun`): nothing
# here sets them, and nothing that starts the image should pass them on.

FROM oven/bun:1.4.5-slim AS build
WORKDIR /build
COPY package.json bun.lock ./
RUN bun install --frozen-lockfile --production
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN bun run build && mkdir data

FROM gcr.io/distroless/base-debian12:nonroot
LABEL org.opencontainers.image.title="go-redis" \
      org.opencontainers.image.description="An in-memory data server that speaks Redis's protocol" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /build/dist/go-redis /usr/local/bin/go-redis
COPY LICENSE /usr/share/doc/go-redis/LICENSE
# A new volume takes over the owner of the folder it is mounted on.
COPY --from=build --chown=65532:65532 /build/data /data

# The container's own loopback reaches nobody, so the server listens on all of the container's addresses; protected mode
# would then refuse every client, so it is off, and who reaches the port is decided by what publishes it (`-p`, a
# Service, a NetworkPolicy). Set GO_REDIS_REQUIREPASS where that is not enough. Variables count more than the lines of a
# mounted redis.conf and less than arguments: what replaces one of these three is a variable or an argument.
ENV GO_REDIS_BIND="* -::*" \
    GO_REDIS_PROTECTED_MODE=no \
    GO_REDIS_DIR=/data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 6379
# Another port belongs in GO_REDIS_PORT, not behind the image's name: the check reads the environment and no arguments.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/local/bin/go-redis", "--healthcheck"]
ENTRYPOINT ["/usr/local/bin/go-redis"]
