using System;
using System.Diagnostics.Tracing;

namespace Serenity.Runtime;

/// <summary>
/// The event source <c>Serenity-Runtime</c>, for <c>dotnet-trace</c>, <c>dotnet-counters</c> and an <see cref="EventListener"/> of the app.
/// </summary>
[EventSource(Name = "Serenity-Runtime")]
internal sealed unsafe class RuntimeEvents : EventSource
{
    /// <summary>The one source.</summary>
    public static readonly RuntimeEvents Log = new();

    private RuntimeEvents()
    {
    }

    /// <summary>A session runs from the heap.</summary>
    /// <param name="model">Path of the model, or how it was given.</param>
    /// <param name="reason">Why.</param>
    [Event(1, Level = EventLevel.Warning, Message = "{0} runs from the heap: {1}")]
    public void NotPlanned(string model, string reason) => WriteEvent(1, model, reason);

    /// <summary>A run allocated what its plan had no place for.</summary>
    /// <param name="model">Path of the model, or how it was given.</param>
    /// <param name="calls">Number of such allocations.</param>
    /// <param name="bytes">Their bytes.</param>
    /// <param name="firstCall">Number of the first, from 0, among the run's allocations.</param>
    /// <param name="reason">Why the first had no place: TooLarge, AfterTheLast, Occupied or NotAsked.</param>
    [Event(2, Level = EventLevel.Warning, Message = "{0}: {1} allocations of a run ({2} bytes) came from the heap, the first at call {3}: {4}")]
#if NET
    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Numbers and strings only.")]
#endif
    public void UnplannedAllocations(string model, long calls, long bytes, int firstCall, string reason)
    {
        if (!IsEnabled())
            return;
        fixed (char* modelText = model, reasonText = reason)
        {
            EventData* data = stackalloc EventData[5];
            data[0] = Datum(modelText, 2 * (model.Length + 1));
            data[1] = Datum(&calls, sizeof(long));
            data[2] = Datum(&bytes, sizeof(long));
            data[3] = Datum(&firstCall, sizeof(int));
            data[4] = Datum(reasonText, 2 * (reason.Length + 1));
            WriteEventCore(2, 5, data);
        }
    }

    private static EventData Datum(void* pointer, int bytes) => new() { DataPointer = (IntPtr)pointer, Size = bytes };
}
