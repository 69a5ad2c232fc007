//! The table that all parts add to, in Markdown.

/// One line of it.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured, in which unit and under which conditions.
    pub what: String,
    /// The direct reader of the same run, if there is one.
    pub direct: String,
    /// Another program of the same run, with its name.
    pub other: String,
    pub muxwire: String,
    /// How muxwire compares: a difference or a ratio.
    pub compared: String,
    pub goal: String,
    /// None where there is no goal.
    pub reached: Option<bool>,
    /// What the README calls it, if it stands there too.
    pub headline: Option<String>,
    /// The machine did too much else for a verdict.
    pub noisy: bool,
}

impl Row {
    pub fn new(what: impl Into<String>, muxwire: impl Into<String>) -> Self {
        let none = || "-".to_owned();
        Self {
            what: what.into(),
            muxwire: muxwire.into(),
            direct: none(),
            other: none(),
            compared: none(),
            goal: none(),
            reached: None,
            headline: None,
            noisy: false,
        }
    }

    pub fn headline(mut self, headline: impl Into<String>) -> Self {
        self.headline = Some(headline.into());
        self
    }

    pub fn direct(mut self, direct: impl Into<String>) -> Self {
        self.direct = direct.into();
        self
    }

    pub fn other(mut self, other: impl Into<String>) -> Self {
        self.other = other.into();
        self
    }

    pub fn compared(mut self, compared: impl Into<String>) -> Self {
        self.compared = compared.into();
        self
    }

    pub fn goal(mut self, goal: impl Into<String>, reached: bool) -> Self {
        self.goal = goal.into();
        self.reached = Some(reached);
        self
    }
}

/// All lines so far.
#[derive(Debug, Default)]
pub struct Table(Vec<Row>);

impl Table {
    pub fn add(&mut self, row: Row) {
        println!("  => {}", line(&row));
        self.0.push(row);
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Nothing is to be judged by the lines from this one on.
    pub fn mark_noisy(&mut self, from: usize) {
        self.0[from..].iter_mut().for_each(|row| row.noisy = true);
    }

    pub fn print(&self) {
        println!(
            "| what | direct `tmux -C` reader | another program | muxwire | compared | goal | reached |"
        );
        println!("| --- | --- | --- | --- | --- | --- | --- |");
        for row in &self.0 {
            println!("{}", line(row));
        }
        println!("\nThe short one of the README:\n");
        println!("| | muxwire | direct `tmux -C` reader | another program |");
        println!("| --- | --- | --- | --- |");
        for row in &self.0 {
            if let Some(headline) = &row.headline {
                println!(
                    "| {headline} | {} | {} | {} |",
                    row.muxwire, row.direct, row.other
                );
            }
        }
    }
}

fn line(row: &Row) -> String {
    let reached = match row.reached {
        None => "-",
        Some(_) if row.noisy => "too noisy",
        Some(true) => "yes",
        Some(false) => "no",
    };
    let cells = [
        &row.what,
        &row.direct,
        &row.other,
        &row.muxwire,
        &row.compared,
        &row.goal,
    ];
    let cells: Vec<&str> = cells.iter().map(|cell| cell.as_str()).collect();
    format!("| {} | {reached} |", cells.join(" | "))
}
