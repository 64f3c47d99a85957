-- Postgres before 18 takes a plan that `enable_... = off` advises against, where there is no other, to
-- cost ten billions, and compiles it: a third of a second for a statement that takes a millisecond.
-- Each later function with such a setting has `jit = off` beside it.
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_proc p
      where p.pronamespace = (select n.oid from pg_namespace n where n.nspname = current_schema())
        and p.proconfig::text like '%enable\_%=off%'
  loop
    execute format('alter function %s set jit = off', v_function);
  end loop;
end $$;
