FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional are the programs of the embedded Postgres: a container has DATABASE_URL.
RUN npm ci --omit=dev --omit=optional --no-audit \
  && npm cache clean --force \
  && install --directory --owner=1000 --group=1000 /data
COPY migrations migrations
COPY plugins plugins
COPY src src
USER 1000
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => r.ok || process.exit(1))"]
CMD ["node", "src/server.ts"]
