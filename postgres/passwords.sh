#!/bin/bash
# Gives PostgreSQL's roles the passwords that are in the secrets now: `docker-compose exec -T postgres bash /passwords.sh`.
# By the socket, where the superuser needs none; by standard input, so that no process list shows them.
set -euo pipefail
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\set superuser_password `cat /run/secrets/database_superuser_password`
\set owner_password `cat /run/secrets/database_owner_password`
\set app_password `cat /run/secrets/database_app_password`
SET log_statement = 'none';
SET password_encryption = 'scram-sha-256';
ALTER ROLE postgres PASSWORD :'superuser_password';
ALTER ROLE backhaul_owner PASSWORD :'owner_password';
ALTER ROLE backhaul_app PASSWORD :'app_password';
SQL
