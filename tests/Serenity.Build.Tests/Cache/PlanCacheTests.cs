using Serenity.Build.Cache;
using Serenity.Build.Manifest;

namespace Serenity.Build.Tests.Cache;

[TestClass]
public sealed class PlanCacheTests
{
    private static readonly string Key = new('0', 64), Other = new('1', 64);

    [TestMethod]
    public void What_is_added_is_found_whole()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path);
        Assert.IsNull(cache.Find(Key));
        Assert.IsTrue(cache.Add(Key, Entry()));
        OptimizedOutput found = cache.Find(Key)!;
        CollectionAssert.AreEqual((byte[])[1, 2, 3], found.Model);
        CollectionAssert.AreEqual(ManifestJson.Write(TestManifest.Create()), ManifestJson.Write(found.Manifest));
        Assert.AreEqual("net.onnx.data", found.DataFile);
        using MemoryStream data = new();
        found.WriteData!(data);
        Assert.AreEqual(3_000_000, data.Length);
        Assert.IsTrue(data.ToArray().AsSpan().IndexOfAnyExcept((byte)7) < 0);
    }

    [TestMethod]
    public void An_entry_with_any_byte_changed_or_cut_off_is_not_trusted()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path);
        cache.Add(Key, Entry() with { DataFile = null, WriteData = null });
        string file = Directory.GetFiles(folder.Path, "*.plan").Single();
        byte[] whole = File.ReadAllBytes(file);
        for (int at = 0; at < whole.Length; at += 13)
        {
            byte[] flipped = [.. whole];
            flipped[at] ^= 0x20;
            File.WriteAllBytes(file, flipped);
            Assert.IsNull(cache.Find(Key), $"byte {at} flipped");
            File.WriteAllBytes(file, whole[..at]);
            Assert.IsNull(cache.Find(Key), $"cut at {at}");
        }
        File.WriteAllBytes(file, [.. whole, 0]);
        Assert.IsNull(cache.Find(Key), "something appended");
        File.WriteAllBytes(file, whole);
        Assert.IsNotNull(cache.Find(Key));
    }

    [TestMethod]
    public void An_entry_of_another_key_under_our_name_is_not_ours()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path);
        cache.Add(Key, Entry());
        File.Move(Path.Combine(folder.Path, Key + ".plan"), Path.Combine(folder.Path, Other + ".plan"));
        Assert.IsNull(cache.Find(Other));
    }

    [TestMethod]
    [DataRow("../evil.data")]
    [DataRow("/evil.data")]
    public void An_entry_cannot_name_a_data_file_elsewhere(string name)
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path);
        cache.Add(Key, Entry() with { DataFile = name });
        Assert.IsNull(cache.Find(Key));
    }

    [TestMethod]
    public void A_folder_that_cannot_be_written_fails_nothing()
    {
        using TempFolder folder = new();
        string file = Path.Combine(folder.Path, "a-file");
        File.WriteAllText(file, "");
        PlanCache cache = new(file);
        Assert.IsFalse(cache.Add(Key, Entry()));
        Assert.IsNull(cache.Find(Key));
        Assert.IsNull(cache.Lock(Key, CancellationToken.None));
    }

    [TestMethod]
    public void Only_one_holds_the_lock_of_a_key()
    {
        using TempFolder folder = new();
        int inside = 0, most = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            using IDisposable? held = new PlanCache(folder.Path).Lock(Key, CancellationToken.None);
            Assert.IsNotNull(held);
            int now = Interlocked.Increment(ref inside);
            lock (folder)
                most = Math.Max(most, now);
            Thread.Sleep(5);
            Interlocked.Decrement(ref inside);
        });
        Assert.AreEqual(1, most);
    }

    [TestMethod]
    public void Waiting_for_a_lock_can_be_cancelled()
    {
        using TempFolder folder = new();
        using IDisposable? held = new PlanCache(folder.Path).Lock(Key, CancellationToken.None);
        using CancellationTokenSource cancel = new(50);
        Assert.ThrowsExactly<OperationCanceledException>(() => new PlanCache(folder.Path).Lock(Key, cancel.Token));
    }

    [TestMethod]
    public void Entries_not_used_for_a_month_go()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path);
        cache.Add(Key, Entry());
        File.SetLastWriteTimeUtc(Path.Combine(folder.Path, Key + ".plan"), DateTime.UtcNow.AddDays(-31));
        cache.Add(Other, Entry());
        Assert.IsNull(cache.Find(Key));
        Assert.IsNotNull(cache.Find(Other));
    }

    private static OptimizedOutput Entry() => new(TestManifest.Create(), [1, 2, 3], "net.onnx.data", stream =>
    {
        byte[] block = new byte[1_000_000];
        Array.Fill(block, (byte)7);
        for (int i = 0; i < 3; i++)
            stream.Write(block);
    });
}
