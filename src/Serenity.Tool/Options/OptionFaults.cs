using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Options;

/// <summary>What is wrong with the values on a command line: collected, so that all of it is told at once, as a build does.</summary>
internal sealed class OptionFaults
{
    private readonly List<SerenityException> _faults = [];

    /// <summary>Reads a value.</summary>
    /// <returns>The value; the default of its type if it is not understood.</returns>
    public T? Of<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SerenityException fault)
        {
            _faults.Add(fault);
            return default;
        }
        catch (WrongOptionsException several)
        {
            _faults.AddRange(several.Faults);
            return default;
        }
    }

    /// <summary>Adds what is wrong with values that are understood one by one.</summary>
    public void Add(SerenityException fault) => _faults.Add(fault);

    /// <summary>Ends the command if a value was not understood.</summary>
    /// <exception cref="WrongOptionsException">What is wrong.</exception>
    public void Throw()
    {
        if (_faults.Count > 0)
            throw new WrongOptionsException(_faults);
    }
}
