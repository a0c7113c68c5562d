# The `zentinelle` server: one binary, the libraries it is linked with, certificates, nothing else.
#
#   docker build -t zentinelle:local .
#   docker run --read-only --cap-drop ALL -p 127.0.0.1:8420:8420 -v zentinelle:/var/lib/zentinelle zentinelle:local
#
# The last stage starts from `scratch`: no shell, no package manager, no other program. The usual ready-made images
# of that kind live on a registry that has to be named; the same is had here from the build stage itself, whose C
# library is the very one the binary was linked with. (A static musl build would do too, at the price of a slower
# allocator on every decision.)

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    # Servers on ARM have pages of up to 64 KiB; an allocator built for smaller ones stops there.
    if [ "$(uname -m)" = aarch64 ]; then export JEMALLOC_SYS_WITH_LG_PAGE=16; fi \
    && cargo build --profile dist --locked -p zentinelle-server \
    && deploy/rootfs.sh target/dist/zentinelle /rootfs

FROM scratch
COPY --from=build /rootfs/ /
# Empty, and owned by the user below: a new volume mounted here takes both over.
COPY --from=build --chown=65532:65532 /rootfs-data/ /var/lib/zentinelle/

ENV PATH=/usr/bin \
    ZENTINELLE_LISTEN=0.0.0.0:8420 \
    ZENTINELLE_DATA_DIR=/var/lib/zentinelle
USER 65532:65532
WORKDIR /var/lib/zentinelle
VOLUME ["/var/lib/zentinelle"]
EXPOSE 8420
STOPSIGNAL SIGTERM

# Alive or not. Whether it should be sent requests is `/ready`: ask that where an answer of "not yet" does not
# get the container replaced.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/bin/zentinelle", "health", "--url", "http://127.0.0.1:8420/health"]

ENTRYPOINT ["/usr/bin/zentinelle"]
CMD ["serve"]
