#!/bin/bash
# Run once by the image of PostgreSQL, on an empty data folder: the owner of the tables, the role the services work as,
# and the database. Neither may pass by row-level security. Passwords go by standard input: no process list shows them.
set -euo pipefail
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set owner_password `cat /run/secrets/database_owner_password`
\set app_password `cat /run/secrets/database_app_password`
SET log_statement = 'none';
SET password_encryption = 'scram-sha-256';
CREATE ROLE backhaul_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE backhaul_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE backhaul OWNER backhaul_owner;
REVOKE ALL ON DATABASE backhaul FROM PUBLIC;
GRANT CONNECT ON DATABASE backhaul TO backhaul_app;
\connect backhaul
ALTER SCHEMA public OWNER TO backhaul_owner;
SQL
