-- One service: a database, its owner, and the role of its relay, which the service's migrations let
-- work on the outbox only. Nobody else may even connect. Passwords are files in the folder `secrets`.
\set relay :database _relay
\set owner_password `cat :secrets/:database`
\set relay_password `cat :secrets/:relay`

SELECT format('CREATE ROLE %I LOGIN', role)
FROM unnest(ARRAY[:'database', :'relay']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
\gexec
ALTER ROLE :"database" PASSWORD :'owner_password';
ALTER ROLE :"relay" PASSWORD :'relay_password';

SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec
REVOKE ALL ON DATABASE :"database", postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"relay";
