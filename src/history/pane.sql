INSERT INTO panes (
    epoch, server_pid, server_start, pane, session, session_id, window, window_id, agent, first_at, last_at, end_offset, ended
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?14, ?10, ?11, ?12)
ON CONFLICT (epoch, server_pid, server_start, pane) DO UPDATE SET
    session = iif(excluded.session <> '', excluded.session, session),
    session_id = iif(excluded.session_id <> '', excluded.session_id, session_id),
    window = iif(excluded.window <> '', excluded.window, window),
    window_id = iif(excluded.window_id <> '', excluded.window_id, window_id),
    agent = coalesce(excluded.agent, agent),
    first_at = iif(?13, iif(first_at = 0, excluded.first_at, min(first_at, excluded.first_at)), first_at),
    last_at = max(last_at, excluded.last_at),
    end_offset = max(end_offset, excluded.end_offset),
    ended = iif(?13, excluded.ended, ended)
RETURNING id
