INSERT INTO panes (
    epoch, server_pid, server_start, pane, session, session_id, window, window_id, agent, first_at, last_at, end_offset, ended
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?14, ?10, ?11, ?12)
ON CONFLICT (epoch, server_pid, server_start, pane) DO UPDATE SET
    session = iif(?13, excluded.session, session),
    session_id = iif(?13, excluded.session_id, session_id),
    window = iif(?13, excluded.window, window),
    window_id = iif(?13, excluded.window_id, window_id),
    agent = iif(?13, coalesce(excluded.agent, agent), agent),
    first_at = iif(?13, iif(first_at = 0, excluded.first_at, min(first_at, excluded.first_at)), first_at),
    last_at = max(last_at, excluded.last_at),
    end_offset = max(end_offset, excluded.end_offset),
    ended = iif(?13, excluded.ended, ended)
RETURNING id
