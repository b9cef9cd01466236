namespace Serenity.Onnx.Operators.Time;

/// <summary>Amounts of <see cref="TimeTerm"/> added up, and what they come to.</summary>
/// <param name="keepsAmounts">Keep the amounts too, not just their price.</param>
internal sealed class TimeSum(bool keepsAmounts = false)
{
    private readonly double[]? _amounts = keepsAmounts ? new double[Enum.GetValues<TimeTerm>().Length] : null;

    /// <summary>Predicted time, in nanoseconds of the processor that the prices were measured on.</summary>
    public double Nanoseconds { get; private set; }

    /// <summary>Amounts by term; empty where they are not kept.</summary>
    public ReadOnlySpan<double> Amounts => _amounts;

    /// <summary>Adds an amount.</summary>
    public void Add(TimeTerm term, double amount)
    {
        Nanoseconds += TermPrices.Of(term) * amount;
        if (_amounts is not null)
            _amounts[(int)term] += amount;
    }
}
