-- Puts credits in, once a reference. outcome: granted | repeated (same reference and credits, no
-- second effect) | conflict (the reference was used with other credits) | no_account.
create function grant_v1(p_account uuid, p_reference text, p_credits bigint)
returns text language plpgsql as $$
declare
  v_earlier bigint;
begin
  perform 1 from accounts where id = p_account for no key update;
  if not found then return 'no_account'; end if;
  select credits into v_earlier from grants where account_id = p_account and reference = p_reference;
  if found then return case when v_earlier = p_credits then 'repeated' else 'conflict' end; end if;
  insert into grants (account_id, reference, credits) values (p_account, p_reference, p_credits);
  with moved as (
    update accounts set posted = posted + p_credits, seq = seq + 1 where id = p_account
      returning seq, posted)
  insert into ledger (account_id, seq, kind, amount, balance_after, reference)
    select p_account, seq, 'grant', p_credits, posted, p_reference from moved;
  return 'granted';
end $$;
