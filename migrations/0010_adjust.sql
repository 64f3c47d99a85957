-- Corrects a balance by an operator's word, once a reference; positive credits are the customer's
-- gain. outcome: adjusted | repeated (same reference, credits and request, no second effect) |
-- conflict (the reference was used otherwise) | no_request (the account has no ended request with
-- that id) | overdraft (it takes more than is available) | no_account. `available` is what is
-- available after the call, `reason` what is stored.
create function adjust_v1(p_account uuid, p_reference text, p_credits bigint, p_request uuid,
  p_reason text)
returns table (outcome text, available bigint, reason text) language plpgsql as $$
declare
  v_earlier adjustments;
begin
  select posted - held into available from accounts where id = p_account for no key update;
  if not found then
    outcome := 'no_account';
    return next;
    return;
  end if;
  select * into v_earlier from adjustments
    where account_id = p_account and reference = p_reference;
  if found then
    reason := v_earlier.reason;
    outcome := case
      when v_earlier.credits = p_credits and v_earlier.request_id is not distinct from p_request
        then 'repeated' else 'conflict' end;
  elsif p_request is not null
      and not exists (select from requests where id = p_request and account_id = p_account) then
    outcome := 'no_request';
  elsif p_credits < 0 and available + p_credits < 0 then
    outcome := 'overdraft';
  else
    outcome := 'adjusted';
    reason := p_reason;
    available := available + p_credits;
    insert into adjustments (account_id, reference, credits, request_id, reason)
      values (p_account, p_reference, p_credits, p_request, p_reason);
    with moved as (
      update accounts set posted = posted + p_credits, seq = seq + 1 where id = p_account
        returning seq, posted)
    insert into ledger (account_id, seq, kind, amount, balance_after, request_id, reference)
      select p_account, seq, 'adjustment', p_credits, posted, p_request, p_reference from moved;
  end if;
  return next;
end $$;
