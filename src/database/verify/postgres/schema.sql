-- What a database is made of, one row a thing: kind, name, definition. Not the values in it, not what belongs to extensions, not the
-- schema migrate. Names are qualified, since the search path is empty.
WITH schemas AS (
    SELECT oid, nspname, nspacl, nspowner FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'migrate')
), extensions AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relations AS (
    SELECT c.*, format('%I.%I', s.nspname, c.relname) AS id FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND NOT EXISTS (SELECT 1 FROM extensions e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
), grants AS (
    SELECT 'schema' AS kind, format('%I', nspname) AS id, nspowner AS owner, nspacl AS acl FROM schemas
    UNION ALL SELECT 'relation', id, relowner, relacl FROM relations
    UNION ALL SELECT 'column', format('%s.%I', r.id, a.attname), r.relowner, a.attacl
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attacl IS NOT NULL
    UNION ALL SELECT 'function', p.oid::regprocedure::text, p.proowner, p.proacl
    FROM pg_proc p JOIN schemas s ON s.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT 1 FROM extensions e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
)
SELECT 'schema' AS kind, format('%I', nspname) AS name, '' AS definition FROM schemas
UNION ALL SELECT 'extension', format('%I', extname), 'in ' || extnamespace::regnamespace FROM pg_extension WHERE extname <> 'plpgsql'
UNION ALL
SELECT 'relation', id, concat_ws(' ', CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
           WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'sequence' END,
       CASE relpersistence WHEN 'u' THEN 'unlogged' END, 'partition by ' || pg_get_partkeydef(oid),
       'partition ' || pg_get_expr(relpartbound, oid), CASE WHEN relrowsecurity THEN 'row security' END,
       CASE WHEN relforcerowsecurity THEN 'forced' END, array_to_string(reloptions, ','))
FROM relations
UNION ALL
SELECT 'column', format('%s.%I', r.id, a.attname), concat_ws(' ', format_type(a.atttypid, a.atttypmod),
       'collate ' || NULLIF(a.attcollation, y.typcollation)::regcollation, CASE WHEN a.attnotnull THEN 'not null' END,
       'identity ' || NULLIF(a.attidentity::text, ''), 'generated ' || NULLIF(a.attgenerated::text, ''), 'default ' || pg_get_expr(d.adbin, d.adrelid))
FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type y ON y.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
WHERE r.relkind <> 'S'
UNION ALL
-- PostgreSQL 18 keeps NOT NULL among the constraints; the column says it already.
SELECT 'constraint', format('%s %I', COALESCE(r.id, k.contypid::regtype::text), k.conname), pg_get_constraintdef(k.oid)
FROM pg_constraint k LEFT JOIN relations r ON r.oid = k.conrelid JOIN schemas s ON s.oid = k.connamespace
WHERE k.contype NOT IN ('n', 't') AND (r.oid IS NOT NULL OR k.contypid <> 0)
UNION ALL
SELECT 'index', format('%s %I', r.id, c.relname), concat_ws(' ', pg_get_indexdef(i.indexrelid),
       CASE WHEN NOT i.indisvalid THEN 'invalid' END, CASE WHEN i.indisreplident THEN 'replica identity' END)
FROM pg_index i JOIN relations r ON r.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
UNION ALL SELECT 'view', id, pg_get_viewdef(oid) FROM relations WHERE relkind IN ('v', 'm')
UNION ALL
SELECT 'function', p.oid::regprocedure::text, CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END
FROM pg_proc p JOIN schemas s ON s.oid = p.pronamespace
WHERE NOT EXISTS (SELECT 1 FROM extensions e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
UNION ALL
SELECT 'trigger', format('%s %I', r.id, t.tgname), pg_get_triggerdef(t.oid) || CASE t.tgenabled::text WHEN 'O' THEN '' ELSE ' ' || t.tgenabled::text END
FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND p.pronamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname = 'migrate')
UNION ALL
SELECT 'policy', format('%s %I', r.id, p.polname), concat_ws(' ', p.polcmd::text, p.polpermissive::text,
       (SELECT string_agg(CASE WHEN o = 0 THEN 'public' ELSE o::regrole::text END, ',' ORDER BY 1) FROM unnest(p.polroles) o),
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
UNION ALL
SELECT 'rule', format('%s %I', r.id, w.rulename), pg_get_ruledef(w.oid) FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class
WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT 'type', format('%I.%I', s.nspname, t.typname), CASE t.typtype
       WHEN 'e' THEN 'enum ' || (SELECT string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
       WHEN 'd' THEN concat_ws(' ', 'domain', format_type(t.typbasetype, t.typtypmod), CASE WHEN t.typnotnull THEN 'not null' END, t.typdefault)
       ELSE 'composite ' || (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ',' ORDER BY a.attnum)
                             FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END
FROM pg_type t JOIN schemas s ON s.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE (t.typtype IN ('e', 'd') OR (t.typtype = 'c' AND c.relkind = 'c'))
  AND NOT EXISTS (SELECT 1 FROM extensions e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid)
UNION ALL
-- What an owner grants itself is left out: owners may differ, and without a grant it is the same.
SELECT 'grant', format('%s %s to %s', g.kind, g.id, CASE WHEN a.grantee = 0 THEN 'public' ELSE a.grantee::regrole::text END),
       string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ',' ORDER BY a.privilege_type)
FROM grants g CROSS JOIN LATERAL aclexplode(g.acl) a WHERE a.grantee <> g.owner GROUP BY g.kind, g.id, a.grantee
ORDER BY 1, 2, 3
