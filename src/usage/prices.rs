//! What tokens cost: a table with a date, which files of the user override and add to.

use serde::Deserialize;

use super::Tokens;

/// The table that is built in.
const BUILT_IN: &str = include_str!("prices.toml");

/// The most rows of a file.
const MOST_ROWS: usize = 1000;

/// Why a price file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// It is no such TOML.
    #[error("{0}; docs/hooks.md has the form of price files")]
    Form(String),
    /// It has too many rows.
    #[error("it has more than {MOST_ROWS} rows: remove those of models that are not used")]
    Many,
    /// A price is no amount of money.
    #[error("a price of {0} is below 0 or no number: give US dollars for a million tokens")]
    Price(String),
}

/// Prices of models, the strongest rows first.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    date: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    date: String,
    #[serde(default, rename = "model")]
    models: Vec<Row>,
}

/// US dollars for a million tokens of a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    input: f64,
    output: f64,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
    cache_write_1h: Option<f64>,
}

impl Prices {
    /// Those that are built in, below those of these files, of which later ones count more.
    ///
    /// # Errors
    /// The place of a file that can't be used, and why.
    pub fn with<'a>(files: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, PriceError)> {
        let mut prices = read(BUILT_IN).map_err(|error| (0, error))?;
        for (at, file) in files.into_iter().enumerate() {
            let own = read(file).map_err(|error| (at, error))?;
            prices.date = own.date;
            prices.rows.splice(..0, own.rows);
        }
        Ok(prices)
    }

    /// No prices at all.
    #[must_use]
    pub fn none() -> Self {
        Self {
            date: String::new(),
            rows: Vec::new(),
        }
    }

    /// When they held, as the last file says.
    #[must_use]
    pub fn date(&self) -> &str {
        &self.date
    }

    /// What these tokens of a model cost, in millionths of a US dollar; none if its price is not known.
    pub(super) fn cost(&self, model: &str, tokens: Tokens) -> Option<u64> {
        // Providers put names of their own before a model's, behind a slash.
        let model = model.rsplit('/').next().unwrap_or(model);
        let row = self.rows.iter().find(|row| row.fits(model))?;
        // A dollar for a million tokens is a millionth of a dollar for one.
        // Beyond 2^53 tokens a cost is not exact.
        let of = |tokens: u64, price: f64| tokens as f64 * price;
        let write = row.cache_write.unwrap_or(row.input);
        let short = tokens.cache_write.saturating_sub(tokens.long_cache_write);
        let cost = of(tokens.input, row.input)
            + of(tokens.cache_read, row.cache_read.unwrap_or(row.input))
            + of(short, write)
            + of(tokens.long_cache_write, row.cache_write_1h.unwrap_or(write))
            + of(tokens.output, row.output);
        // No price is below 0, and a cost that is too large stops at the largest number.
        Some(cost.round() as u64)
    }
}

impl Row {
    /// Whether it is the model of this name, of any date: a neighbour's price is not its own.
    fn fits(&self, model: &str) -> bool {
        let Some(rest) = model.strip_prefix(&*self.name) else {
            return false;
        };
        let rest = rest.strip_suffix("[1m]").unwrap_or(rest);
        let is_date = |rest: &str| {
            let digits = rest.chars().filter(char::is_ascii_digit).count();
            digits == 8 && rest.chars().all(|one| one.is_ascii_digit() || one == '-')
        };
        match rest.strip_prefix(['-', '@']) {
            Some(rest) => rest == "latest" || is_date(rest),
            None => rest.is_empty(),
        }
    }
}

fn read(text: &str) -> Result<Prices, PriceError> {
    let file: File = toml::from_str(text)
        .map_err(|error| PriceError::Form(error.to_string().trim().to_owned()))?;
    if file.models.len() > MOST_ROWS {
        return Err(PriceError::Many);
    }
    for row in &file.models {
        let given = [row.cache_read, row.cache_write, row.cache_write_1h];
        let all = given.into_iter().flatten().chain([row.input, row.output]);
        if all
            .into_iter()
            .any(|price| !price.is_finite() || price < 0.0)
        {
            return Err(PriceError::Price(row.name.clone()));
        }
    }
    Ok(Prices {
        date: file.date,
        rows: file.models,
    })
}
