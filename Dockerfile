# A worker. Debian, not Alpine: the Temporal SDK's native core is built against glibc.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Nothing here depends on a dependency's install script.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
# The native core takes its certificate authorities from the system.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production TIDEGATE_HOME=/var/lib/tidegate TIDEGATE_HTTP=0.0.0.0:7280
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/bin ./bin
COPY --from=build /app/dist ./dist
RUN mkdir -p /var/lib/tidegate && chown node:node /var/lib/tidegate && ln -s /app/bin/tidegate.js /usr/local/bin/tidegate
USER node
VOLUME /var/lib/tidegate
EXPOSE 7280
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:7280/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/worker.js"]
