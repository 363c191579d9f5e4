namespace Flotilla.EndToEnd.Tools;

/// <summary>Waits for what a cluster converges to.</summary>
internal static class Eventually
{
    public static async Task<T> GetAsync<T>(Func<Task<T>> read, Func<T, bool> isRight, int seconds = 60)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (true)
        {
            var value = await read();
            if (isRight(value))
            {
                return value;
            }

            Assert.True(DateTime.UtcNow < deadline, $"After {seconds} s it is still: {value}");
            await Task.Delay(200);
        }
    }

    public static Task<string> ContainsAsync(Func<Task<string>> read, string text, int seconds = 60) =>
        GetAsync(read, value => value.Contains(text, StringComparison.Ordinal), seconds);
}
