namespace Serenity.Onnx.Operators.Time;

/// <summary>Amounts of <see cref="TimeTerm"/> added up, and what they come to.</summary>
/// <param name="keepsAmounts">Keep the amounts too, not just their price.</param>
/// <param name="parts">Takes what each amount comes to, in the order in which they are added; null for nobody.</param>
internal sealed class TimeSum(bool keepsAmounts = false, List<double>? parts = null)
{
    private readonly double[]? _amounts = keepsAmounts ? new double[Enum.GetValues<TimeTerm>().Length] : null;

    /// <summary>Predicted time, in nanoseconds of the processor that the prices were measured on.</summary>
    public double Nanoseconds { get; private set; }

    /// <summary>Amounts by term; empty where they are not kept.</summary>
    public ReadOnlySpan<double> Amounts => _amounts;

    /// <summary>Adds an amount.</summary>
    public void Add(TimeTerm term, double amount)
    {
        double price = TermPrices.Of(term) * amount;
        Nanoseconds += price;
        parts?.Add(price);
        if (_amounts is not null)
            _amounts[(int)term] += amount;
    }

    /// <summary>Adds what other amounts come to, one after the other, so that the sum is the very number that adding them here would give.</summary>
    public void Add(ReadOnlySpan<double> others)
    {
        foreach (double price in others)
            Nanoseconds += price;
    }
}
