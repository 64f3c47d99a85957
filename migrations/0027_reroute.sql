-- Says by which route a running request is served now, and at what rate. Its hold stays as it is: it
-- has covered the dearest of its routes from the start.
create function reroute_v1(p_id uuid, p_terms json) returns void language sql as $$
  update holds set terms = p_terms::jsonb where id = p_id;
$$;
