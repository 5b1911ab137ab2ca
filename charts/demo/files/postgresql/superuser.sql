-- The image sets this password at the first start only.
\set password `cat :secrets/postgres`
ALTER ROLE postgres PASSWORD :'password';
