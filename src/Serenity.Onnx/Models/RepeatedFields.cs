using Google.Protobuf.Collections;

namespace Serenity.Onnx.Models;

/// <summary>What protobuf's lists lack.</summary>
internal static class RepeatedFields
{
    /// <summary>Leaves those of a list that stay, in their order, in time linear in the list.</summary>
    public static void Keep<T>(this RepeatedField<T> items, Func<T, bool> stays)
    {
        T[] kept = [.. items.Where(stays)];
        if (kept.Length == items.Count)
            return;
        items.Clear();
        items.Add(kept);
    }
}
