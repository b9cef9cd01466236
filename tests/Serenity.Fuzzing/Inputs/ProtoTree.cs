using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Serenity.Fuzzing.Inputs;

/// <summary>A protobuf message as a tree of messages, whatever their types.</summary>
internal static class ProtoTree
{
    private const int Most = 6000;

    /// <summary>The message and all within it, outermost first; the first few thousand.</summary>
    public static List<IMessage> Messages(IMessage root)
    {
        List<IMessage> all = [root];
        for (int at = 0; at < all.Count && all.Count < Most; at++)
        {
            IMessage message = all[at];
            foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
            {
                if (field.FieldType != FieldType.Message)
                    continue;
                object? value = field.Accessor.GetValue(message);
                if (value is IList list)
                    all.AddRange(list.Cast<IMessage>());
                else if (value is IMessage inner)
                    all.Add(inner);
            }
        }
        return all;
    }

    /// <summary>A deep copy.</summary>
    public static IMessage Clone(IMessage message) => message.Descriptor.Parser.ParseFrom(message.ToByteString());
}
