-- One service: a database, its owner, and the role of its relay, if it has one, which the service's
-- migrations let work on the outbox only. Nobody else may even connect. Passwords are files in the
-- folder `secrets`.
\set relay :database _relay
\set owner_password `cat :secrets/:database`
\set has_relay `test -e :secrets/:relay && echo yes || echo no`

SELECT format('CREATE ROLE %I LOGIN', :'database')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'database')
\gexec
ALTER ROLE :"database" PASSWORD :'owner_password';

SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec
REVOKE ALL ON DATABASE :"database", postgres, template1 FROM PUBLIC;

\if :has_relay
\set relay_password `cat :secrets/:relay`
SELECT format('CREATE ROLE %I LOGIN', :'relay')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'relay')
\gexec
ALTER ROLE :"relay" PASSWORD :'relay_password';
GRANT CONNECT ON DATABASE :"database" TO :"relay";
\endif
