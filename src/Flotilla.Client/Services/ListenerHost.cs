using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client.Services;

/// <summary>What a part of the process that listens for HTTP is built from; it starts and stops with its part, not with the process.</summary>
public static class ListenerHost
{
    /// <param name="loggers">null: it says nothing.</param>
    public static WebApplicationBuilder CreateBuilder(ILoggerFactory? loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        if (loggers is not null)
        {
            builder.Services.AddSingleton(loggers);
        }

        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        return builder;
    }

    private sealed class QuietLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
