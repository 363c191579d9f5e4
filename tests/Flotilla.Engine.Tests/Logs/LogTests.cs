using System.Text;
using Flotilla.Engine.Logs;
using Flotilla.Engine.Streams;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Engine.Tests.Logs;

public sealed class LogTests : IDisposable
{
    private static readonly LogQuery All = new(Output: true, Error: true, Follow: false, Tail: null, Since: null, Until: null);
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-log-");
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    private string Log => Path.Combine(directory.FullName, "container.log");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task Lines_come_back_with_their_stream_and_time()
    {
        Write(writer =>
        {
            Say(writer, Frame.Output, "one\ntw");
            time.Advance(TimeSpan.FromSeconds(1));
            Say(writer, Frame.Error, "wrong\n");
            Say(writer, Frame.Output, "o\nno end");
        });
        var entries = await ReadAsync(All);
        Assert.Equal(["one\n", "wrong\n", "two\n", "no end"], entries.Select(entry => entry.Text));
        Assert.Equal([Frame.Output, Frame.Error, Frame.Output, Frame.Output], entries.Select(entry => entry.Kind));
        Assert.Equal("2020-01-01T00:00:01.000000000Z wrong\n", Encoding.UTF8.GetString(entries[1].ToFrame(withTime: true, "").Data.Span));
    }

    [Fact]
    public async Task A_query_chooses_by_stream_number_and_time()
    {
        Write(writer =>
        {
            for (var line = 1; line <= 6; line++)
            {
                Say(writer, line % 2 == 0 ? Frame.Error : Frame.Output, $"{line}\n");
                time.Advance(TimeSpan.FromSeconds(1));
            }
        });
        var start = DateTimeOffset.UnixEpoch.AddYears(50).UtcDateTime;
        Assert.Equal("135", await TextAsync(All with { Error = false }));
        Assert.Equal("46", await TextAsync(All with { Output = false, Tail = 2 }));
        Assert.Equal("56", await TextAsync(All with { Tail = 2 }));
        Assert.Equal("", await TextAsync(All with { Tail = 0 }));
        Assert.Equal("3456", await TextAsync(All with { Since = start.AddSeconds(2) }));
        Assert.Equal("34", await TextAsync(All with { Since = start.AddSeconds(2), Until = start.AddSeconds(3) }));
    }

    [Fact]
    public async Task A_long_line_is_cut_and_nothing_of_it_is_lost()
    {
        var line = new string('x', 40_000) + "\n";
        Write(writer => Say(writer, Frame.Output, line));
        var entries = await ReadAsync(All);
        Assert.Equal(3, entries.Count);
        Assert.Equal(line, string.Concat(entries.Select(entry => entry.Text)));
    }

    [Fact]
    public async Task A_log_that_has_grown_too_large_is_begun_anew_and_the_former_is_read_first()
    {
        Write(writer =>
        {
            for (var line = 0; line < 10; line++)
            {
                Say(writer, Frame.Output, $"{line}\n");
            }
        }, maxBytes: 400);
        Assert.True(File.Exists(LogWriter.Former(Log)));
        Assert.EndsWith("89", await TextAsync(All), StringComparison.Ordinal);
        Assert.Equal("789", await TextAsync(All with { Tail = 3 }));
    }

    [Fact]
    public async Task Who_follows_gets_what_comes_later_and_the_end()
    {
        using var writer = new LogWriter(Log, 1 << 20, time);
        Say(writer, Frame.Output, "before\n");
        var isOver = false;
        await using var reading = LogReader.ReadAsync(Log, All with { Follow = true }, LogEntry.Parse, () => isOver, time, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await reading.MoveNextAsync());
        Assert.Equal("before\n", reading.Current.Text);

        var next = reading.MoveNextAsync().AsTask();
        Say(writer, Frame.Output, "later\n");
        Assert.True(await PassAsync(next));
        Assert.Equal("later\n", reading.Current.Text);

        isOver = true;
        Assert.False(await PassAsync(reading.MoveNextAsync().AsTask()));
    }

    [Fact]
    public async Task A_line_that_was_cut_off_by_a_crash_is_passed_over()
    {
        Write(writer => Say(writer, Frame.Output, "whole\n"));
        await File.AppendAllTextAsync(Log, "{\"log\":\"ha\n");
        Write(writer => Say(writer, Frame.Output, "again\n"));
        Assert.Equal(["whole\n", "again\n"], (await ReadAsync(All)).Select(entry => entry.Text));
    }

    [Fact]
    public void Lines_of_the_runtime_are_understood()
    {
        var whole = LogEntry.ParseRuntime("2020-01-01T00:00:00.5Z stderr F some words");
        Assert.Equal(("some words\n", Frame.Error), (whole!.Text, whole.Kind));
        Assert.Equal("part", LogEntry.ParseRuntime("2020-01-01T00:00:00.5Z stdout P part")!.Text);
        Assert.Null(LogEntry.ParseRuntime("cut"));
    }

    private static void Say(LogWriter writer, byte kind, string text) => writer.Write(new Frame(kind, Encoding.UTF8.GetBytes(text)));

    private void Write(Action<LogWriter> write, long maxBytes = 1 << 20)
    {
        using var writer = new LogWriter(Log, maxBytes, time);
        write(writer);
    }

    private async Task<bool> PassAsync(Task<bool> next)
    {
        for (var step = 0; !next.IsCompleted && step < 10_000; step++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        return await next.WaitAsync(TimeSpan.Zero);
    }

    private async Task<List<LogEntry>> ReadAsync(LogQuery query) => await LogReader.ReadAsync(Log, query, LogEntry.Parse, () => true, time, CancellationToken.None).ToListAsync();

    private async Task<string> TextAsync(LogQuery query) => string.Concat((await ReadAsync(query)).Select(entry => entry.Text.Trim()));
}
